import Foundation
import Foundations
import HDF5
import Synchronization
import TestSupport
import Testing

/// Which paths are read as HDF5.
@Suite struct SignatureTests {
  @Test(arguments: [(0, true), (512, true), (1024, true), (4096, true), (1 << 20, true), (100, false), (1536, false)])
  func aSignatureMayLieBehindOtherBytes(offset: Int, isFound: Bool) throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/data"
      try AtomicFile.replace(path, contents: [UInt8](repeating: 7, count: offset) + HDF5.File.signature + [0])
      #expect(HDF5.File.isHDF5(at: path) == isFound)
    }
  }

  @Test(arguments: ["x.h5", "x.HDF5", "x.hdf", "x.he5", "x.h5ad", "x.nc", "x.mat"])
  func aNameTellsWhatADamagedOrMissingFileWasMeantToBe(name: String) {
    #expect(HDF5.File.isHDF5(at: "/nowhere/\(name)"))
  }

  @Test func otherFilesAreNone() throws {
    try withScratchDirectory { directory in
      #expect(!HDF5.File.isHDF5(at: directory) && !HDF5.File.isHDF5(at: "\(directory)/gone.csv"))
      try AtomicFile.replace("\(directory)/short", contents: [0x89, 0x48])
      #expect(!HDF5.File.isHDF5(at: "\(directory)/short"))
    }
  }

  @Test func aPipeIsNotOpened() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/pipe"
      #expect(mkfifo(path, 0o600) == 0)
      let isLetIn = Flag()
      // Who writes waits until somebody opens the other end.
      let writer = Thread {
        let file = open(path, O_WRONLY)
        isLetIn.set()
        close(file)
      }
      writer.start()
      usleep(50_000)
      #expect(!HDF5.File.isHDF5(at: path))
      usleep(50_000)
      #expect(!isLetIn.isSet)
      let reader = open(path, O_RDONLY | O_NONBLOCK)
      while !isLetIn.isSet { usleep(1000) }
      close(reader)
    }
  }
}

/// Something that has happened in another thread.
private final class Flag: Sendable {
  private let value = Mutex(false)

  func set() { value.withLock { $0 = true } }
  var isSet: Bool { value.withLock { $0 } }
}
