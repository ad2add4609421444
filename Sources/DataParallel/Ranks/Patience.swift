import Foundation
import Kernels

/// How a thread waits for something that no other thread of the process will tell it: looks in a row for some microseconds,
/// then with yields between them, which bring the other side forward where ranks outnumber cores, then with sleeps, so that
/// it takes no core from those that compute.
package struct Patience {
  private static let pauses = 20
  private static let yields = 20
  /// Sleeps of the first length, about 20 ms of them; what takes longer is not hurried by shorter ones.
  private static let shortSleeps = 200
  private static let shortSleep: UInt32 = 50
  private static let longSleep: UInt32 = 200

  private var turns = 0

  /// Begins anew: something has just happened.
  package init() {}

  /// Waits a little, longer the longer nothing has happened.
  package mutating func pause() {
    turns += 1
    Self.pause(turn: turns)
  }

  /// Waits a little, for the turn of that number, from 1.
  static func pause(turn turns: Int) {
    if turns <= Self.pauses {
      pauseProcessor()
    } else if turns <= Self.pauses + Self.yields {
      sched_yield()
    } else {
      usleep(turns <= Self.pauses + Self.yields + Self.shortSleeps ? Self.shortSleep : Self.longSleep)
    }
  }
}

/// Nanoseconds since some moment, of a clock that is never set.
func monotonicNanoseconds() -> UInt64 { DispatchTime.now().uptimeNanoseconds }
