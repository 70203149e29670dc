// Package ledger counts what must be exact: which ids were issued, acknowledged and seen, how often and in which order, and what
// was admitted when. It is what scripts, services and the judge share, and holds neither files nor clocks of its own.
//
// # Words
//
// An id is a whole number from 0 to MaxID. Of each ledger there is known
//
//   - issued: Next gives out 1, 2, 3 and so on, to whoever asks. A ledger whose ids are the service's own issues none.
//   - acknowledged: the service said that it took the id over, so that it is its duty from then on.
//   - seen: the id arrived somewhere. Each further arrival, wherever, is a duplicate.
//   - admitted: when a limiter let something through, by key.
//
// What follows from it, exactly, over a whole trial, its warm-up, setup and teardown included:
//
//   - lost: ids that were acknowledged and never seen. As a share: of the ids that were acknowledged.
//   - duplicated: arrivals of an id that had arrived before. As a share: of all arrivals.
//   - reordered: first arrivals of an id, with a key, after one of the same key with a higher sequence; without a sequence the
//     id is the sequence. As a share: of the arrivals with a key. Duplicates are not counted again here, and the order is that
//     in which one source saw them.
//   - unknown: ids that were seen and that the ledger did not issue. As a share: of the ids that were seen.
//   - admitted per a length of time: the largest number of admissions of one key in any interval of that length. Intervals are
//     open at their beginning, so that two admissions exactly that far apart lie in none together.
//
// An id that was seen and never acknowledged is not lost: its client, or its iteration, was cut off before it could hear of it.
//
// # Memory
//
// Ids that lie close together take a bit each in each set; ten million dense ids that are acknowledged and seen take 2.5 MB. Ids far
// apart take about a hundred bytes each. Admissions take about three bytes each. All ledgers of a process together have a Budget;
// what goes beyond it, and keys beyond MaxKeys, make the ledger Full: what it says is then not known to be all.
//
// Seen with a script that issues, acknowledges and sees ten million (TestProofTenMillionIDsTakeLessThan300MB in harness/load): at
// most 81 MB in its k6, of which k6 itself is 65, and 2.6 MB in the parent that judges them.
//
// # Format
//
// A file is a magic (8 bytes), the version (uint32, little-endian) and frames as in package recording: the length of a block, its
// CRC-32C and the CRC-32C of these two (uint32 each, little-endian), and the block. A block holds its kind (1 byte), the name of
// its ledger (uvarint length, bytes), and
//
//	i  issued: how many (uvarint)
//	a  acknowledged, s seen, d seen more than once: the 65536 ids that have all but their lowest 16 bits in common (uvarint),
//	   as runs (r, their number, for each the gap before it and its length minus one: uvarints) or, where that is shorter, as
//	   bits (b, 8192 bytes)
//	c  counts: arrivals, arrivals with a key, those out of order, and the first few ids of these with their number (uvarints)
//	t  times: key (uvarint length, bytes), number (uvarint), the first in microseconds since 1970, and each less the one before
//	   it (varints)
//	f  full: why (uvarint length, bytes)
//	e  end of all that one source knows: its name (uvarint length, bytes); no ledger
//
// There is one form of everything, and any other bytes are refused. Blocks of one source may stand in any order before its end. A
// source without its end is not known in full.
//
// # Services
//
// What a service offers is read by Parse.
package ledger
