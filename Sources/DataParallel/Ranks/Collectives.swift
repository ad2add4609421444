extension RankCommunicator {
  /// The pieces in which long texts go.
  private static var pieceSize: Int { 1 << 26 }

  package func broadcast(_ bytes: [UInt8]) throws -> [UInt8] {
    var bytes = bytes
    // The binomial tree: whoever has the bytes hands them on, at half the distance each time.
    var distance = 1
    while distance < rankCount { distance *= 2 }
    var hasBytes = rank == 0
    while distance > 1 {
      distance /= 2
      if hasBytes, rank + distance < rankCount {
        try send(bytes, to: rank + distance)
      } else if !hasBytes, rank % (2 * distance) == distance {
        bytes = try receive(from: rank - distance)
        hasBytes = true
      }
    }
    return bytes
  }

  package func allGather(_ bytes: [UInt8]) throws -> [[UInt8]] {
    // Up the same tree, each rank with what it has of those behind it, and then down as one text.
    var texts = [bytes]
    var distance = 1
    while distance < rankCount, rank % (2 * distance) == 0 {
      if rank + distance < rankCount { texts += Self.split(try receive(from: rank + distance)) }
      distance *= 2
    }
    if rank > 0 { try send(Self.join(texts), to: rank - distance) }
    return Self.split(try broadcast(rank == 0 ? Self.join(texts) : []))
  }

  private static func join(_ texts: [[UInt8]]) -> [UInt8] { texts.flatMap { numberBytes($0.count) + $0 } }

  private static func split(_ bytes: [UInt8]) -> [[UInt8]] {
    var texts: [[UInt8]] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = number(rest.prefix(8))
      texts.append(Array(rest.dropFirst(8).prefix(count)))
      rest = rest.dropFirst(8 + count)
    }
    return texts
  }

  private static func numberBytes(_ number: Int) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  private static func number(_ bytes: some Sequence<UInt8>) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }

  private func send(_ bytes: [UInt8], to peer: Int) throws {
    try transfer(.send, SharedBuffer(Self.numberBytes(bytes.count)), peer)
    try transfer(.send, SharedBuffer(bytes), peer)
  }

  private func receive(from peer: Int) throws -> [UInt8] {
    let count = Self.number(try receive(8, from: peer))
    return try receive(count, from: peer)
  }

  private func receive(_ count: Int, from peer: Int) throws -> [UInt8] {
    let bytes = SharedBuffer<UInt8>(repeating: 0, count: count)
    try transfer(.receive, bytes, peer)
    return withExtendedLifetime(bytes) { Array(bytes.elements) }
  }

  private func transfer(_ direction: MessageSet.Message.Direction, _ bytes: SharedBuffer<UInt8>, _ peer: Int) throws {
    let pieces = stride(from: 0, to: bytes.count, by: Self.pieceSize).map { start in
      MessageSet.Message(
        direction, peer: peer, tag: MessageTag.collective,
        bytes: UnsafeMutableRawBufferPointer(
          start: bytes.pointer + start, count: min(Self.pieceSize, bytes.count - start)))
    }
    let messages = MessageSet(pieces, memory: bytes)
    messages.postAll()
    try wait(for: messages)
  }
}
