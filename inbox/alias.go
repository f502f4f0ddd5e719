package inbox

import (
	"crypto/sha256"
	"strings"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/token"
)

// purposeAlias signs what aliases are drawn from, so that nobody without the secret can try addresses until one fits.
const purposeAlias token.Purpose = "alias"

// alias names the source of a message until somebody reveals it: the same sender has the same alias in every
// conversation, as long as the signing secret stays. There are 16,384 aliases, so two senders may share one;
// a message without a sender has one of its own.
func (in *Inbox) alias(m data.Message, r reading) string {
	who := "message " + m.SHA256
	if normal, err := data.NormalAddress(r.From.Address); err == nil {
		who = "sender " + normal
	}
	sum := sha256.Sum256([]byte(who))
	number := func(b []byte) (n int64) {
		for _, c := range b {
			n = n<<8 | int64(c)
		}
		return n
	}
	signed := in.Keys.Sign(purposeAlias, number(sum[:5]), number(sum[5:10]))
	// The first half of a token is what was signed, and would give a plain hash of the address away.
	drawn := sha256.Sum256([]byte(signed[token.Length/2:]))
	colours, birds := strings.Fields(aliasColours), strings.Fields(aliasBirds)
	return colours[int(drawn[0])%len(colours)] + "-" + birds[int(drawn[1])%len(birds)]
}

// 128 each, so that every one is as likely.
const (
	aliasColours = `
		amber apricot aqua ash auburn azure basalt beige birch black blond blue blush brass brick bright
		bronze brown buff burnt calm candid cedar cerise chalk charcoal cherry chestnut claret clay clear coal
		cobalt cocoa copper coral cream crimson crisp cyan dapper dawn deep dim dusky early ebony ecru
		emerald fair fawn fern flaxen flint gentle gilt ginger golden granite grape green grey hazel heather
		henna honey indigo inky iron ivory jade jasper jet khaki lapis late lavender lemon light lilac
		lime linen loud lucid maize mango maroon mauve mellow mild mint misty mocha moss mustard navy
		nimble ochre olive onyx opal orange pale pastel peach pearl pewter pine pink plain plum polished
		quartz quick quiet rosy ruby russet rust saffron sage sandy scarlet sepia silver slate teal umber`
	aliasBirds = `
		albatross avocet barbet bittern blackbird bluebird bulbul bunting bustard buzzard canary cassowary chaffinch chat chough cockatoo
		condor coot cormorant corncrake coucal courser crane crow cuckoo curlew darter dipper dotterel dove drongo duck
		dunlin dunnock eagle egret eider emu falcon fieldfare finch firefinch flamingo flycatcher francolin frigatebird fulmar gallinule
		gannet godwit goldcrest goldfinch goose goshawk grebe greenfinch grouse guillemot guineafowl gull hamerkop harrier hawk heron
		hobby honeyguide hoopoe hornbill hummingbird ibis jacana jackdaw jay kestrel kingfisher kite kittiwake knot lapwing lark
		linnet lorikeet lovebird macaw magpie malimbe mallard martin merlin moorhen mousebird nightingale nightjar nuthatch oriole osprey
		ostrich owl oxpecker parakeet parrot partridge pelican penguin petrel pheasant pigeon pipit plover puffin quail raven
		redstart robin roller rook sandpiper shrike siskin skylark snipe sparrow spoonbill starling stilt stork sunbird swallow`
)
