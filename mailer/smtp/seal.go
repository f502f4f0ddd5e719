package smtp

import (
	"bytes"
	"crypto/sha256"
	"encoding"
	"encoding/base64"
	"fmt"
	"hash"
	"sync"
)

// seal is what of a form's signatures is the same for all readers. The body's words are brought
// into their canonical form once, and hashed once as far as the first span; what is spliced in is
// its own canonical form. Per reader the rest is hashed, and the hash signed.
type seal struct {
	keys []sealedKey
	head []piece // the signed fields, canonical, in the order of h=
	body [][]byte
	// begun is the state of SHA-256 behind the body's words in front of the first span.
	begun []byte
	pool  sync.Pool // of *sealing
}

// sealedKey is one key's DKIM-Signature field.
type sealedKey struct {
	signingKey
	field     []byte // with zeros for the hash and the signature
	hash, sig int    // where they begin
	start     []byte // the canonical field up to the hash
}

// sealing is one reader's work, used again and again.
type sealing struct {
	hash hash.Hash
	room []byte
	sum  [sha256.Size]byte
}

// SignedBy returns the same form with s's signatures in front of each mail, as Signer.Sign would
// put them there, to the byte. The error is Signer.Sign's.
func (f *Form) SignedBy(s *Signer) (*Form, error) {
	if s == nil {
		return f, nil
	}
	names, covered := signedFields(f.fields)
	if len(names) == 0 {
		return nil, errNoFrom
	}
	signed := *f
	signed.seal = &seal{pool: sync.Pool{New: func() any { return &sealing{hash: sha256.New()} }}}
	for _, field := range covered {
		signed.seal.head = append(signed.seal.head, fieldPieces(field)...)
	}
	signed.seal.head = join(signed.seal.head)
	for _, k := range s.keys {
		key := sealedKey{signingKey: k, field: s.fieldStart(k, names)}
		key.start = bytes.TrimSuffix(relaxedField(key.field), []byte("\r\n"))
		key.hash = len(key.field)
		key.field = append(key.field, make([]byte, base64.StdEncoding.EncodedLen(sha256.Size))...)
		key.field = append(key.field, fieldEnd[:len(fieldEnd)-2]...)
		key.sig = len(key.field)
		key.field = append(foldText(key.field, make([]byte, base64.StdEncoding.EncodedLen(k.size()))), '\r', '\n')
		signed.seal.keys = append(signed.seal.keys, key)
		signed.size += len(key.field)
	}
	return &signed, signed.seal.hashWords(f)
}

// hashWords brings the body's words into their canonical form.
func (s *seal) hashWords(f *Form) error {
	for i, p := range f.body {
		if i == len(f.body)-1 {
			s.body = append(s.body, relaxedBody(p.static))
		} else {
			s.body = append(s.body, relaxedLines(p.static))
		}
	}
	begun := sha256.New()
	begun.Write(s.body[0])
	var err error
	if s.begun, err = begun.(encoding.BinaryMarshaler).MarshalBinary(); err != nil {
		return fmt.Errorf("dkim: %w", err)
	}
	return nil
}

// append appends one reader's mail, signed.
func (s *seal) append(dst []byte, f *Form, v *Values, name []byte) (_ []byte, err error) {
	w := s.pool.Get().(*sealing)
	defer s.pool.Put(w)
	start := len(dst)
	for i := range s.keys {
		dst = append(dst, s.keys[i].field...)
	}
	if dst, err = appendPieces(dst, f.head, v, name); err != nil {
		return dst, err
	}
	body := len(dst)
	if dst, err = s.appendBody(dst, f, w, v, name); err != nil {
		return dst, err
	}
	if !f.multipart {
		// Here a span may be followed by nothing but empty lines, which are not signed.
		w.hash.Reset()
		w.hash.Write(relaxedBody(dst[body:]))
	}
	w.hash.Sum(w.sum[:0])
	if w.room, err = s.appendHead(w.room[:0], v, name); err != nil {
		return dst, err
	}
	for i := range s.keys {
		k := &s.keys[i]
		if err := k.fill(dst[start:start+len(k.field)], w); err != nil {
			return dst, err
		}
		start += len(k.field)
	}
	return dst, nil
}

// appendBody appends the body and hashes it.
func (s *seal) appendBody(dst []byte, f *Form, w *sealing, v *Values, name []byte) (_ []byte, err error) {
	if err := w.hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(s.begun); err != nil {
		return dst, fmt.Errorf("dkim: %w", err)
	}
	for i := range f.body {
		if i > 0 {
			w.hash.Write(s.body[i])
		}
		dst = append(dst, f.body[i].static...)
		at := len(dst)
		if dst, err = f.body[i].span.append(dst, v, name); err != nil {
			return dst, err
		}
		w.hash.Write(dst[at:])
	}
	return dst, nil
}

// appendHead appends the reader's signed fields in their canonical form.
func (s *seal) appendHead(dst []byte, v *Values, name []byte) (_ []byte, err error) {
	var room [1 << 10]byte
	for i := range s.head {
		p := &s.head[i]
		dst = append(dst, p.static...)
		if p.span.kind != spanTo {
			if dst, err = p.span.append(dst, v, name); err != nil {
				return dst, err
			}
			continue
		}
		field, err := p.span.append(room[:0], v, name)
		if err != nil {
			return dst, err
		}
		dst = appendRelaxed(dst, field)
	}
	return dst, nil
}

// fill writes the hash and the signature into the field.
func (k *sealedKey) fill(field []byte, w *sealing) error {
	base64.StdEncoding.Encode(field[k.hash:], w.sum[:])
	head := len(w.room)
	w.room = append(w.room, k.start...)
	w.room = base64.StdEncoding.AppendEncode(w.room, w.sum[:])
	w.room = append(w.room, "; b="...)
	w.hash.Reset()
	w.hash.Write(w.room)
	w.room = w.hash.Sum(w.room[:head])
	signature, err := k.sign(w.room[head:])
	if err == nil && len(signature) != k.size() {
		err = fmt.Errorf("a signature of %d bytes", len(signature))
	}
	if err != nil {
		return fmt.Errorf("dkim: sign with %s: %w", k.selector, err)
	}
	w.room = base64.StdEncoding.AppendEncode(w.room[:head], signature)
	foldText(field[:k.sig], w.room[head:]) // as long as the zeros that stand there
	w.room = w.room[:head]
	return nil
}
