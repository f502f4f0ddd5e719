package amnesia

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// A Mount is a disk that programs can see.
type Mount struct {
	Dir    string
	server *fuse.Server
	leave  func()
}

// Mount shows the disk at dir, an empty folder, until Close. The kernel holds the locks, and
// shared memory maps are its page cache. It needs root.
func (d *Disk) Mount(dir string) (*Mount, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("mount amnesia disk: it needs root")
	}
	leave, err := startGuard(dir)
	if err != nil {
		return nil, err
	}
	forever := time.Hour // nothing changes but through the kernel
	server, err := fs.Mount(dir, &view{disk: d, node: d.root}, &fs.Options{
		MountOptions: fuse.MountOptions{DirectMountStrict: true, FsName: "amnesia", Name: "amnesia", DisableXAttrs: true},
		AttrTimeout:  &forever, EntryTimeout: &forever, NullPermissions: true,
		RootStableAttr: &fs.StableAttr{Mode: syscall.S_IFDIR, Ino: d.root.ino},
	})
	if err != nil {
		leave()
		return nil, fmt.Errorf("mount amnesia disk: %w", err)
	}
	return &Mount{dir, server, leave}, nil
}

// Close takes the disk away. Where a program still has a file of it open, it is taken out of
// sight all the same, and the error says so.
func (m *Mount) Close() error {
	defer m.leave()
	err := m.server.Unmount()
	if err == nil {
		return nil
	}
	return errors.Join(fmt.Errorf("unmount amnesia disk: %w", err), syscall.Unmount(m.Dir, syscall.MNT_DETACH))
}

// A view is a node as the kernel sees it.
type view struct {
	fs.Inode
	disk *Disk
	node *node
}

func (v *view) show(ctx context.Context, n *node, out *fuse.EntryOut) *fs.Inode {
	n.attr(&out.Attr)
	return v.NewInode(ctx, &view{disk: v.disk, node: n}, fs.StableAttr{Mode: n.mode & syscall.S_IFMT, Ino: n.ino})
}

func (n *node) attr(out *fuse.Attr) {
	out.Ino, out.Mode, out.Nlink = n.ino, n.mode, 1
	out.Size = uint64(n.size())
	out.Blksize, out.Blocks = page, uint64(n.size()+sector-1)/sector
	out.SetTimes(nil, &n.changed, &n.changed)
}

// Getattr tells the size, and what else is known.
func (v *view) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	v.disk.mu.Lock()
	defer v.disk.mu.Unlock()
	v.node.attr(&out.Attr)
	return 0
}

// Setattr sets the size and the mode. Times are not kept.
func (v *view) Setattr(ctx context.Context, f fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok {
		if errno := v.disk.resize(v.node, int64(size)); errno != 0 {
			return errno
		}
	}
	if mode, ok := in.GetMode(); ok {
		v.disk.mu.Lock()
		v.node.mode = v.node.mode&syscall.S_IFMT | mode&0o7777
		v.disk.mu.Unlock()
	}
	return v.Getattr(ctx, f, out)
}

// Open keeps the kernel's cache: it is as true as the disk.
func (v *view) Open(_ context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	if flags&syscall.O_TRUNC != 0 {
		if errno := v.disk.resize(v.node, 0); errno != 0 {
			return nil, 0, errno
		}
	}
	return nil, fuse.FOPEN_KEEP_CACHE, 0
}

// Read reads what is there now.
func (v *view) Read(_ context.Context, _ fs.FileHandle, into []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	n, errno := v.disk.read(v.node, into, off)
	return fuse.ReadResultData(into[:n]), errno
}

// Write writes all of it or nothing. It is unsynced until Fsync.
func (v *view) Write(_ context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	if errno := v.disk.write(v.node, data, off); errno != 0 {
		return 0, errno
	}
	return uint32(len(data)), 0
}

// Fsync keeps a file's bytes, or a folder's entries.
func (v *view) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	return v.disk.sync(v.node)
}

// Flush, which a program's close asks for, keeps nothing.
func (v *view) Flush(context.Context, fs.FileHandle) syscall.Errno { return 0 }

// Statfs tells the room.
func (v *view) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	v.disk.mu.Lock()
	defer v.disk.mu.Unlock()
	room := v.disk.room
	if room < 0 {
		room = 1 << 40
	}
	out.Bsize, out.Frsize, out.NameLen = page, page, 255
	out.Blocks = uint64(room / page)
	out.Bfree = uint64(max(room-v.disk.root.total(), 0) / page)
	out.Bavail = out.Bfree
	return 0
}

// Readdir lists a folder.
func (v *view) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	v.disk.mu.Lock()
	defer v.disk.mu.Unlock()
	var all []fuse.DirEntry
	for name, n := range maps.All(v.node.names) {
		all = append(all, fuse.DirEntry{Name: name, Ino: n.ino, Mode: n.mode & syscall.S_IFMT})
	}
	return fs.NewListDirStream(all), 0
}
