import DataParallel
import Foundation
import Testing

@Suite struct AvailableCoresTests {
  @Test func atLeastOneCoreAndNoMoreThanTheMachineHas() {
    #expect((1...ProcessInfo.processInfo.processorCount).contains(availableCores()))
  }
}
