import Autodiff
import DataParallel
import Dispatch

/// Adds up a worker's nanoseconds, kernel by kernel. Where no benchmark asks, it costs a comparison for each unit of work.
struct KernelClock {
  /// Where the times go; `nil` for nowhere.
  private let nanoseconds: UnsafeMutablePointer<UInt64>?

  private init(_ nanoseconds: UnsafeMutablePointer<UInt64>?) { self.nanoseconds = nanoseconds }

  /// One that notes nothing.
  static var off: KernelClock { KernelClock(nil) }

  var isOn: Bool { nanoseconds != nil }

  /// Does something, and adds what it took to that place.
  @inline(__always)
  func time(_ place: Int, _ body: () -> Void) {
    guard let nanoseconds else { return body() }
    let start = DispatchTime.now().uptimeNanoseconds
    body()
    nanoseconds[place] += DispatchTime.now().uptimeNanoseconds - start
  }

  /// Times of several workers, each on cache lines of its own. They stay where they are as long as this is kept.
  final class Times: Sendable {
    private let memory: SharedBuffer<UInt64>
    private let stride: Int
    private let workers: Int

    init(places: Int, workers: Int) {
      stride = (places + 15) / 8 * 8
      self.workers = workers
      memory = SharedBuffer(repeating: 0, count: workers * stride)
    }

    func clock(of worker: Int) -> KernelClock { KernelClock(memory.pointer + worker * stride) }

    func clear() { memory.elements.update(repeating: 0) }

    /// The seconds that all workers have spent there.
    func seconds(_ place: Int) -> Double {
      1e-9 * (0..<workers).reduce(0) { $0 + Double(memory[$1 * stride + place]) }
    }
  }
}

/// Where the times of a step's kernels are noted.
enum KernelPlace {
  static var samples: Int { 0 }
  static var statistics: Int { 1 }
  static var slots: Int { 2 }
  static var optimizer: Int { 3 }
  static var copies: Int { 4 }
  static var finite: Int { 5 }
  /// The rows of a product's left operand, brought together.
  static func rows(ofProduct number: Int) -> Int { 6 + 2 * number }
  static func product(_ number: Int) -> Int { 7 + 2 * number }
  static func instruction(_ index: Int, products: Int) -> Int { 6 + 2 * products + index }
}
