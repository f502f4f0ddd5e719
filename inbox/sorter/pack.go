package sorter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// packed is a model as it is kept: a weight in one byte, finer near zero,
// where most weights are.
//
// The bytes are, little-endian: the magic, feature version (4), bucket bits
// (4), sharp (8), top (4), the weights, the rarities, a CRC-32 of all before.
type packed struct {
	sharp   float64
	top     float32 // the largest weight
	weights []int8  // buckets * classes
	rarity  []byte  // buckets
}

const (
	magic      = "tipsort1"
	headLength = len(magic) + 4 + 4 + 8 + 4
	packLength = headLength + buckets*classes + buckets + 4
)

// ErrModel is wrapped by every error about the bytes of a model.
var ErrModel = errors.New("this is not a model of this sorter")

// MarshalBinary returns the model's bytes. The settings are not part of it.
func (m *Model) MarshalBinary() ([]byte, error) {
	b := make([]byte, 0, packLength)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, featureVersion)
	b = binary.LittleEndian.AppendUint32(b, bucketBits)
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(m.packed.sharp))
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(m.packed.top))
	for _, w := range m.packed.weights {
		b = append(b, byte(w))
	}
	b = append(b, m.packed.rarity...)
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b)), nil
}

// Decode reads the bytes that MarshalBinary wrote. Its errors wrap ErrModel.
func Decode(b []byte) (*Model, error) {
	if len(b) < headLength || string(b[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: it starts with other bytes", ErrModel)
	}
	head := b[len(magic):]
	if v := binary.LittleEndian.Uint32(head); v != featureVersion {
		return nil, fmt.Errorf("%w: it has features of version %d, this program makes version %d", ErrModel, v, featureVersion)
	}
	if bits := binary.LittleEndian.Uint32(head[4:]); bits != bucketBits || len(b) != packLength {
		return nil, fmt.Errorf("%w: it has another size", ErrModel)
	}
	end := len(b) - 4
	if crc32.ChecksumIEEE(b[:end]) != binary.LittleEndian.Uint32(b[end:]) {
		return nil, fmt.Errorf("%w: it is damaged (wrong checksum)", ErrModel)
	}
	p := packed{
		sharp:   math.Float64frombits(binary.LittleEndian.Uint64(head[8:])),
		top:     math.Float32frombits(binary.LittleEndian.Uint32(head[16:])),
		weights: make([]int8, buckets*classes),
		rarity:  append([]byte(nil), b[headLength+buckets*classes:end]...),
	}
	for i, w := range b[headLength : headLength+buckets*classes] {
		p.weights[i] = int8(w)
	}
	if !(p.sharp > 0 && p.sharp < 1e6) || !(p.top >= 0 && p.top < 1e6) {
		return nil, fmt.Errorf("%w: its numbers are out of range", ErrModel)
	}
	return newModel(p), nil
}

func packWeight(w, top float32) int8 {
	if top == 0 {
		return 0
	}
	q := math.Floor(float64(127*math.Sqrt(math.Abs(float64(w/top)))) + 0.5)
	if w < 0 {
		q = -q
	}
	return int8(q)
}

func unpackWeight(q int8, top float32) float32 {
	w := float32(float32(int32(q)*int32(q))/(127*127)) * top
	if q < 0 {
		return -w
	}
	return w
}

// rarityStep is the precision of a rarity, which lies between 1 and 9.
const rarityStep = 28

// packRarity is ln((1+rows)/(1+with)) + 1, the usual inverse document
// frequency, for a feature that occurs in some of the rows.
func packRarity(rows, with int) byte {
	return byte(min(255, math.Floor((math.Log(float64(1+rows)/float64(1+with))+1)*rarityStep)))
}

func unpackRarity(q byte) float32 { return float32(q) / rarityStep }
