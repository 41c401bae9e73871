// A simulated vCenter: govmomi's simulator (what its command vcsim runs) with an inventory of our choice.
//
// "go install" cannot build the command of that name: its module has replace directives.

// The same VMs on the same hosts after every start:
//go:debug randautoseed=0

package main

import (
	"crypto/tls"
	"flag"
	"log"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/vmware/govmomi/simulator"
)

func main() {
	log.SetFlags(0)
	model := simulator.VPX()
	listen := flag.String("listen", "127.0.0.1:28989", "address and port")
	username := flag.String("username", "", "the only user there is")
	password := flag.String("password", "", "and the password")
	cert := flag.String("cert", "", "PEM file of the TLS certificate")
	key := flag.String("key", "", "PEM file of its key")
	flag.IntVar(&model.Datacenter, "datacenters", 2, "datacenters, each with one cluster and one host outside it")
	flag.IntVar(&model.ClusterHost, "hosts", 3, "hosts in each cluster")
	flag.IntVar(&model.Machine, "vms", 2, "VMs in each cluster, and as many on each host outside")
	cloning := flag.Int("clone-delay", 0, "milliseconds before a clone begins to be made")
	flag.Parse()
	// Without LockHandoff nobody could look at the source meanwhile.
	simulator.TaskDelay.MethodDelay = map[string]int{"CloneVm": *cloning, "LockHandoff": 0}

	pair, err := tls.LoadX509KeyPair(*cert, *key)
	if err != nil {
		log.Fatal(err)
	}
	if err = model.Create(); err != nil {
		log.Fatal(err)
	}
	defer model.Remove()
	model.Service.Listen = &url.URL{Host: *listen, User: url.UserPassword(*username, *password)}
	model.Service.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	model.Service.NewServer() // not closed at the end: that would wait for clients that are waiting

	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGINT, syscall.SIGTERM)
	<-told
}
