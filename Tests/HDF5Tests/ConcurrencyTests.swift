import Dispatch
import HDF5
import Synchronization
import TestSupport
import Testing

@Suite struct ConcurrencyTests {
  /// Threads share one dataset while others make files and errors of their own.
  @Test func threadsShareObjects() throws {
    let file = try File.inMemory()
    let shared = try file.root.createDataset(
      "x", shape: [1000, 8], values: (0..<8000).map(Int32.init),
      properties: .datasetCreation(chunk: [10, 8], deflate: 1))
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 64) { iteration in
      do {
        for step in 0..<20 {
          let row = (iteration * 37 + step * 101) % 1000
          let values = try shared.read(as: Int.self, selecting: .rows([row, 999 - row]))
          if values[0] != row * 8 || values[8] != (999 - row) * 8 { failures.withLock { $0.append("row \(row)") } }
          let own = try File.inMemory()
          try own.root.createDataset("y", shape: [1], values: [iteration])
          if try File.open(image: own.image()).root.dataset("y").read(as: Int.self) != [iteration] {
            failures.withLock { $0.append("image \(iteration)") }
          }
          do {
            _ = try own.root.dataset("missing-\(iteration)")
            failures.withLock { $0.append("no error") }
          } catch let error as HDF5Error where error.message.contains("'missing-\(iteration)'") {}
        }
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
  }
}
