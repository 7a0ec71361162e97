// Command probe runs in the pods of the local cluster's tests. It requests each URL of
// its arguments with the pod's service account, prints the answers, and then prints
// "done". It serves its host name on port 8080 the whole time.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const account = "/var/run/secrets/kubernetes.io/serviceaccount/"

func main() {
	listener, err := net.Listen("tcp", ":8080")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go func() {
		client, err := newClient()
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		for _, url := range os.Args[1:] {
			for answer, err := get(client, url); ; answer, err = get(client, url) {
				if err == nil {
					fmt.Println(answer)
					break
				}
				fmt.Println("failed:", err)
				time.Sleep(200 * time.Millisecond)
			}
		}
		if _, err := net.LookupHost("nowhere.example"); err != nil {
			fmt.Println("lookup fails")
		}
		fmt.Println("done")
	}()
	_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		name, _ := os.Hostname()
		fmt.Fprint(w, "I am ", name)
	}))
}

func newClient() (*http.Client, error) {
	pem, err := os.ReadFile(account + "ca.crt")
	if err != nil {
		return nil, err
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(pem)
	return &http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities}, DisableKeepAlives: true},
	}, nil
}

func get(client *http.Client, url string) (string, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	token, err := os.ReadFile(account + "token")
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+string(token))
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return fmt.Sprintf("%s %d %s", url, response.StatusCode, strings.ReplaceAll(string(body), "\n", " ")), err
}
