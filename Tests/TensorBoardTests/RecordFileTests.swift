import TensorBoard
import TestSupport
import Testing

@Suite struct RecordFileTests {
  private static let bodies: [[UInt8]] = [Array("first".utf8), [], Array(repeating: 7, count: 300)]
  private static let file = bodies.flatMap(RecordFile.record)

  @Test func recordsAreFoundAgain() {
    let found = RecordFile.records(in: Self.file)
    #expect(found.map { Array(Self.file[$0]) } == Self.bodies)
    #expect(found.last.map(RecordFile.end) == Self.file.count)
    #expect(RecordFile.records(in: []) == [])
  }

  // Wherever the file ends, only whole records are found.
  @Test func aTornRecordIsNone() {
    let ends = RecordFile.records(in: Self.file).map(RecordFile.end)
    for length in 0..<Self.file.count {
      let found = RecordFile.records(in: Array(Self.file[..<length]))
      #expect(found.count == ends.count { $0 <= length }, "\(length) bytes")
    }
  }

  // Whatever byte is changed, the record that it is of ends the file.
  @Test func aDamagedRecordIsNone() {
    let ends = RecordFile.records(in: Self.file).map(RecordFile.end)
    for place in Self.file.indices {
      var damaged = Self.file
      damaged[place] ^= 0x40
      #expect(RecordFile.records(in: damaged).count == ends.count { $0 <= place }, "byte \(place)")
    }
  }

  // A length beyond the file, with a checksum that fits.
  @Test func aLengthBeyondTheFileIsNone() {
    let length: [UInt8] = Array(repeating: 0xff, count: 8)
    let checksum = withUnsafeBytes(of: CRC32C.masked(length).littleEndian) { Array($0) }
    #expect(RecordFile.records(in: length + checksum + Array(repeating: 0, count: 40)) == [])
  }

  @Test func stepsOfWhatIsNoEventAreUnknown() {
    #expect(Event.step(of: Event.version(time: 1).bytes[...]) == 0)
    #expect(Event.step(of: Event.restart(step: 300, time: 1).bytes[...]) == 300)
    let bytes = Event.restart(step: 300, time: 1).bytes
    // Cut within a field.
    for length in [5, 10, bytes.count - 1] { #expect(Event.step(of: bytes[..<length]) == nil, "\(length) bytes") }
    #expect(Event.step(of: [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]) == nil)
    // A length beyond the message.
    #expect(Event.step(of: [0x1a, 0x7f, 1]) == nil)
  }
}
