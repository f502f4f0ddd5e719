package amnesia

import (
	"context"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Lookup finds a name.
func (v *view) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	v.disk.mu.Lock()
	defer v.disk.mu.Unlock()
	n, ok := v.node.names[name]
	if !ok {
		return nil, syscall.ENOENT
	}
	return v.show(ctx, n, out), 0
}

// add makes a file or a folder under a name that is free.
func (v *view) add(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	v.disk.mu.Lock()
	defer v.disk.mu.Unlock()
	if v.disk.off {
		return nil, syscall.EIO
	}
	if _, taken := v.node.names[name]; taken {
		return nil, syscall.EEXIST
	}
	n := v.disk.makeNode(mode)
	v.node.change(change{name: n})
	return v.show(ctx, n, out), 0
}

// Create makes a file and opens it.
func (v *view) Create(ctx context.Context, name string, _ uint32, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	n, errno := v.add(ctx, name, syscall.S_IFREG|mode&0o7777, out)
	return n, nil, fuse.FOPEN_KEEP_CACHE, errno
}

// Mkdir makes a folder. What is in it is found after a cut only where both were synced.
func (v *view) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return v.add(ctx, name, syscall.S_IFDIR|mode&0o7777, out)
}

// Unlink removes a file's name; who has it open goes on.
func (v *view) Unlink(_ context.Context, name string) syscall.Errno { return v.remove(name, false) }

// Rmdir removes an empty folder.
func (v *view) Rmdir(_ context.Context, name string) syscall.Errno { return v.remove(name, true) }

func (v *view) remove(name string, folder bool) syscall.Errno {
	v.disk.mu.Lock()
	defer v.disk.mu.Unlock()
	n, ok := v.node.names[name]
	switch {
	case v.disk.off:
		return syscall.EIO
	case !ok:
		return syscall.ENOENT
	case n.isFolder() && !folder:
		return syscall.EISDIR
	case !n.isFolder() && folder:
		return syscall.ENOTDIR
	case len(n.names) > 0:
		return syscall.ENOTEMPTY
	}
	v.node.change(change{name: nil})
	return 0
}

// Rename moves a name, over another one where there is one. Within one folder a cut finds it
// done or not done; between two, each folder keeps its side when it is synced.
func (v *view) Rename(_ context.Context, name string, to fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	other, ok := to.(*view)
	if !ok || flags != 0 {
		return syscall.EINVAL
	}
	v.disk.mu.Lock()
	defer v.disk.mu.Unlock()
	n, ok := v.node.names[name]
	switch {
	case v.disk.off:
		return syscall.EIO
	case !ok:
		return syscall.ENOENT
	}
	if over := other.node.names[newName]; over != nil && (over.isFolder() != n.isFolder() || len(over.names) > 0) {
		return syscall.ENOTEMPTY
	}
	if other.node == v.node {
		if name != newName {
			v.node.change(change{name: nil, newName: n})
		}
		return 0
	}
	other.node.change(change{newName: n})
	v.node.change(change{name: nil})
	return 0
}
