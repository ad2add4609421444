import Datasets
import Foundations
import HDF5
import TestSupport
import Testing

@Suite struct DatasetDescriptionTests {
  @Test func showsEverything() throws {
    try withScratchDirectory { directory in
      let path = directory + "/x.h5"
      let file = try File.create(at: path)
      let root = try file.root
      try root.setAttribute("version", to: 1)
      let inputs = try root.createDataset(
        "train/inputs", shape: [6, 2], values: (0..<12).map(Float.init),
        properties: .datasetCreation(chunk: [3, 2], deflate: 6, shuffle: true, fletcher32: true))
      try inputs.setAttribute("features", to: ["length", "width"])
      let targets = try root.createDataset("train/targets", shape: [6], values: [UInt8(0), 2, 2, 0, 0, 3])
      try targets.setAttribute("classes", to: ["a", "b", "c"])
      try root.createDataset("note", text: "text")
      let size = try inputs.storageSize
      try file.close()
      #expect(
        try DatasetDescription(path: path).description == """
          \(path)
            @version = 1
            note   string (variable length, UTF-8), scalar, contiguous, 16 bytes
            train/
              inputs   float32, 6 x 2, chunked 3 x 2, shuffle, deflate 6, fletcher32, \(size) bytes
                @features = 'length', 'width'
              targets  uint8, 6, contiguous, 6 bytes
                @classes = 'a', 'b', 'c'
                class 0 'a': 3
                class 1 'b': 0
                class 2 'c': 2
                class 3: 1, which has no name

          """)
    }
  }

  @Test func errorsAreOfData() throws {
    let error = try #require(throws: TrainerError.self) { try DatasetDescription(path: "/nowhere/x.h5") }
    #expect(error == TrainerError(.data, "cannot open '/nowhere/x.h5': no such file or directory"))
  }
}
