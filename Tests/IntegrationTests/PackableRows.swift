/// Rows of bytes from 0 to 3 that follow from a seed, which deflate packs to about a quarter.
func packableRows(_ count: Int, columns: Int) -> [UInt8] {
  var (state, bytes) = (UInt32(1), [UInt8](repeating: 0, count: count * columns))
  for index in bytes.indices {
    state = state &* 1_664_525 &+ 1_013_904_223
    bytes[index] = UInt8(state >> 30)
  }
  return bytes
}
