// A mail by SMTP with STARTTLS, libssl beneath:
//   node examples/modules/nodemailer.mjs HOST PORT CA-FILE TO
import 'libssl/node/register'; // The line that changes: `nodemailer` calls `node:tls` itself, within SMTP.
import { readFileSync } from 'node:fs';
import nodemailer from 'nodemailer';

const [host, port, caFile, to] = process.argv.slice(2);
const transport = nodemailer.createTransport({ host, port: Number(port), requireTLS: true, tls: { ca: readFileSync(caFile) } });
const { response } = await transport.sendMail({ from: 'writer@example.test', to, subject: 'Hello', text: 'Hello by STARTTLS.\n' });
console.log(response);
