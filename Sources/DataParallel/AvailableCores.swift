import Foundation
import Foundations
import Kernels

/// The processor cores that this process may use: those of its affinity mask, or fewer where a control group grants less
/// time than they have. At least one.
public func availableCores() -> Int {
  let cores = processorAffinity() ?? ProcessInfo.processInfo.activeProcessorCount
  return max(1, min(cores, ControlGroup().quota.map { Int($0.rounded(.up)) } ?? cores))
}
