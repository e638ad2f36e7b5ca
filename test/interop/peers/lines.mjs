// What a program with a terminal face can do in a conversation: lines go in, lines come out.

/** Text of ours that no program takes for a command (OpenSSL's are single letters at the start of a line). */
const FROM_US = 'from us to you';
const TO_US = 'to us from you';

export class LinePeer {
  /** @param {import('../scope.mjs').Program} program */
  constructor(program, { port, end } = {}) {
    this.program = program;
    this.port = port;
    this.endOfLife = end;
    this.turns = 0;
    this.endings = 0;
  }

  /** A line each way. @param {import('../ours.mjs').End} ours */
  async talk(ours) {
    const turn = ++this.turns;
    await ours.says(`${FROM_US}, ${turn}\n`);
    await this.program.says(`${FROM_US}, ${turn}`);
    this.program.write(`${TO_US}, ${turn}\n`);
    await ours.hears(`${TO_US}, ${turn}`);
  }

  says(pattern) {
    return this.program.says(pattern);
  }

  write(text) {
    this.program.write(text);
  }

  /** We end it: both close_notify alerts are seen, and the program finds nothing wrong. */
  async part(ours) {
    await ours.close();
    await this.ended();
  }

  async ended() {
    this.endings++;
    // A server goes on; it says the word once for each connection.
    if (this.endOfLife !== undefined)
      return this.program.until(() => this.program.output.split(this.endOfLife).length > this.endings, 'ending');
    const { code } = await this.program.exit;
    if (code !== 0) throw new Error(`the peer ended with ${code}`);
  }
}

/** A client that ends by itself when its input does. It answers no close_notify, so it is the one to begin. */
export class LeavingPeer extends LinePeer {
  async part(ours) {
    this.program.endInput();
    while ((await ours.read()) !== undefined);
    await ours.close();
    await this.ended();
  }
}

/** A server that sends back what it gets. */
export class EchoPeer extends LinePeer {
  async talk(ours) {
    const turn = ++this.turns;
    await ours.says(`${FROM_US}, ${turn}\n`);
    await ours.hears(`${FROM_US}, ${turn}`);
  }

  async part(ours) {
    await ours.close();
  }
}
