import DataParallel
import Foundation
import Synchronization
import Testing

@Suite struct SharedBufferTests {
  private final class Counted {
    private let living: SharedBuffer<Int>
    init(_ living: SharedBuffer<Int>) {
      self.living = living
      living[0] += 1
    }
    deinit { living[0] -= 1 }
  }

  private struct Refusal: Error {}

  @Test func holdsWhatWasMadeForEachIndex() {
    let buffer = SharedBuffer(count: 5) { $0 * $0 }
    withExtendedLifetime(buffer) {
      #expect(Array(buffer.elements) == [0, 1, 4, 9, 16])
      buffer[3] = -1
      #expect(buffer[3] == -1 && buffer.pointer[3] == -1 && buffer.count == 5)
    }
    let filled = SharedBuffer(repeating: 2.5, count: 3)
    withExtendedLifetime(filled) { #expect(Array(filled.elements) == [2.5, 2.5, 2.5]) }
    // Copied behind itself, piece by piece.
    for count in [0, 1, 2, 4095, 4096, 4097, 10_001] {
      let many = SharedBuffer(repeating: Float(0.1), count: count)
      let pairs = SharedBuffer(repeating: (UInt8(3), Double.pi), count: count)
      withExtendedLifetime((many, pairs)) {
        #expect(many.elements.count == count && many.elements.allSatisfy { $0 == 0.1 })
        #expect(pairs.elements.allSatisfy { $0 == (3, Double.pi) })
      }
    }
    let objects = SharedBuffer(repeating: Refusal() as any Error, count: 3)
    withExtendedLifetime(objects) { #expect(objects.elements.allSatisfy { $0 is Refusal }) }
    #expect(SharedBuffer(repeating: 0, count: 0).elements.isEmpty)
  }

  @Test func objectsAreUsedWithoutChangingHowLongTheyLive() {
    let living = SharedBuffer(repeating: 0, count: 1)
    do {
      let buffer = SharedBuffer(count: 3) { _ in Counted(living) }
      #expect((0..<3).allSatisfy { index in buffer.use(index) { $0 === buffer.pointer[index] } })
      #expect(living[0] == 3)
    }
    #expect(living[0] == 0)
  }

  @Test func beginsOnACacheLine() {
    for count in [0, 1, 3, 1000] {
      #expect(UInt(bitPattern: SharedBuffer<UInt8>(repeating: 0, count: count).pointer) % 64 == 0)
    }
  }

  @Test func releasesItsElements() {
    let living = SharedBuffer(repeating: 0, count: 1)
    do {
      let buffer = SharedBuffer(count: 4) { _ in Counted(living) }
      #expect(living[0] == 4 && buffer.count == 4)
    }
    #expect(living[0] == 0)
  }

  @Test func releasesWhatItMadeBeforeAnError() {
    let living = SharedBuffer(repeating: 0, count: 1)
    #expect(throws: Refusal.self) {
      _ = try SharedBuffer(count: 4) { index in
        if index == 3 { throw Refusal() }
        return Counted(living)
      }
    }
    #expect(living[0] == 0)
  }
}
