package slowlink

import (
	"sync"
	"time"
)

// A piece is bytes on their way, and when they arrive.
type piece struct {
	bytes []byte
	at    time.Time
}

// A queue holds what is on its way in one direction, without a limit.
type queue struct {
	mu     sync.Mutex
	more   sync.Cond
	pieces []piece
	ended  time.Time
	err    error // how the direction ended
}

func newQueue() *queue {
	q := &queue{}
	q.more.L = &q.mu
	return q
}

func (q *queue) put(p piece) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pieces = append(q.pieces, p)
	q.more.Signal()
}

// end says that nothing more comes: err is io.EOF where the sender has closed its direction.
func (q *queue) end(at time.Time, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended, q.err = at, err
	q.more.Signal()
}

// take waits for the next piece, or, after the last, says how the direction ended.
func (q *queue) take() (piece, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.pieces) == 0 {
		if q.err != nil {
			return piece{at: q.ended}, q.err
		}
		q.more.Wait()
	}
	p := q.pieces[0]
	q.pieces[0] = piece{}
	q.pieces = q.pieces[1:]
	return p, nil
}
