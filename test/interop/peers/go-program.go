// A server or a client of crypto/tls with Encrypted ClientHello, for one connection: its setup is a JSON object, what it says are lines.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
)

type setup struct {
	Role                           string
	Port                           int
	ServerName                     string
	CertFile, KeyFile, CaFile      string
	ConfigList, Config, PrivateKey []byte
	Groups                         []tls.CurveID
}

func main() {
	var s setup
	check(json.Unmarshal([]byte(os.Args[1]), &s))
	if s.Role == "server" {
		serve(s)
	} else {
		connect(s)
	}
}

func serve(s setup) {
	pair, err := tls.LoadX509KeyPair(s.CertFile, s.KeyFile)
	check(err)
	config := &tls.Config{Certificates: []tls.Certificate{pair}, CurvePreferences: s.Groups}
	if s.Config != nil {
		config.EncryptedClientHelloKeys = []tls.EncryptedClientHelloKey{{Config: s.Config, PrivateKey: s.PrivateKey, SendAsRetry: true}}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println("listening on", listener.Addr().(*net.TCPAddr).Port)
	for {
		raw, err := listener.Accept()
		check(err)
		conn := tls.Server(raw, config)
		if err := conn.Handshake(); err != nil {
			fmt.Println("failed:", err)
			continue
		}
		state := conn.ConnectionState()
		fmt.Println("name", state.ServerName, "ech", state.ECHAccepted, "resumed", state.DidResume)
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil {
			fmt.Println("failed:", err)
		} else {
			conn.Write([]byte(line))
		}
		conn.Close()
	}
}

func connect(s setup) {
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(s.CaFile)
	check(err)
	pool.AppendCertsFromPEM(pem)
	conn, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.Port), &tls.Config{
		RootCAs: pool, ServerName: s.ServerName, EncryptedClientHelloConfigList: s.ConfigList, CurvePreferences: s.Groups,
	})
	var rejected *tls.ECHRejectionError
	if errors.As(err, &rejected) {
		fmt.Printf("rejected %x\n", rejected.RetryConfigList)
		return
	}
	check(err)
	fmt.Println("ech", conn.ConnectionState().ECHAccepted)
	conn.Write([]byte("from go\n"))
	line, err := bufio.NewReader(conn).ReadString('\n')
	check(err)
	fmt.Print("heard ", line)
	conn.Close()
}

func check(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}
