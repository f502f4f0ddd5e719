package amnesia

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// guard takes the mount away when this process has died and could not do it. It is needed: a
// process that has memory of its own disk mapped (SQLite's -shm) cannot end when it is killed,
// since its end waits for that memory to be written, by itself. umount -f has the kernel answer
// everything that waits with an error.
const guard = `
while grep -q '^State:.[^ZX]' "/proc/$1/status" 2>/dev/null; do sleep 1; done
umount -c -f "$2" || umount -c -l "$2"`

func startGuard(dir string) (stop func(), err error) {
	c := exec.Command("/bin/sh", "-c", guard, "amnesia", strconv.Itoa(os.Getpid()), dir)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("guard amnesia disk: %w", err)
	}
	return func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // it has nothing more to do, and may be gone
		_ = c.Wait()                                      // killed
	}, nil
}
