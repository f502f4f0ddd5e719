package data

import "syscall"

// networkFileSystem names the network file system that dir lies on, or is empty. Where the
// kernel does not say, dir is taken for local.
func networkFileSystem(dir string) string {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return ""
	}
	return map[int64]string{
		0x6969:     "NFS",
		0xff534d42: "CIFS",
		0xfe534d42: "SMB2",
		0x517b:     "SMB",
		0x01021997: "9P",
		0x73757245: "Coda",
		0x5346414f: "AFS",
		0x00c36400: "Ceph",
	}[int64(s.Type)]
}
