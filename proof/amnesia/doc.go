// Package amnesia is a disk in memory that forgets what was not synced, for tests of what a
// power cut leaves behind. It is served to the kernel by FUSE, so that any program can work on
// it: SQLite with its log and its shared memory among them.
//
// Each file has its bytes as they are now and as they were at its last fsync; each folder has
// its entries as they are now and as they were at its own last fsync. Cut switches the power
// off: what is asked of the old disk afterwards fails, and the disk that it returns holds only
// what was synced, to be mounted again. Given a source of chance, Cut lets some of the rest
// survive as well, sector by sector and change by change, as a real disk does: torn writes.
//
// A disk can also be short of room (ENOSPC), and a sync can fail (EIO). Then, as on Linux, the
// pages count as written although they are not, and the next sync is a success that keeps
// nothing.
//
// Stricter than most file systems: the sync of a file says nothing about its name. Not modelled:
// hard links, symbolic links, owners, permissions, and a sync that is told to the caller before
// the disk has done it.
//
// Mount needs root. When it fails the error says so, and nothing stays mounted. When
// the process is killed a guard of its own takes the mount away.
package amnesia
