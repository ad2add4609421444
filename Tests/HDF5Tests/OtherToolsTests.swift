import HDF5
import TestSupport
import Testing

/// The files are read, and made, by the programs that people have.
@Suite struct OtherToolsTests {
  private static func makeSample(at path: String) throws {
    let file = try File.create(at: path)
    let root = try file.root
    for type in NumberType.allCases {
      for order in Datatype.ByteOrder.allCases {
        let name = "\(type.rawValue)-\(order == .bigEndian ? "be" : "le")"
        try root.createDataset(name, shape: [3], type: .number(type, order: order)).write([1, 2, 100])
      }
    }
    let inputs = try root.createDataset(
      "train/inputs", shape: [4, 2], values: (0..<8).map(Float.init),
      properties: .datasetCreation(chunk: [2, 2], deflate: 6, shuffle: true, fletcher32: true))
    try inputs.setAttribute("classes", to: ["Schuh", "Täsch"])
    try root.createDataset("fixed", shape: [2], type: .fixedLengthString(byteCount: 8)).writeStrings(["ab", "Täsch"])
    try root.createDataset("text", text: "Grüße")
    try file.close()
  }

  @Test(.enabled(if: Tool.path(of: "h5dump") != nil, "h5dump (hdf5-tools) is not installed"))
  func h5dumpReadsThem() throws {
    try withScratchDirectory { directory in
      let path = directory + "/sample.h5"
      try Self.makeSample(at: path)
      let dump = try Tool.run("h5dump", ["-p", path])
      #expect(dump.status == 0)
      for expected in [
        "H5T_STD_I16BE", "H5T_STD_U64LE", "H5T_IEEE_F32BE", "H5T_IEEE_F64LE", "COMPRESSION DEFLATE { LEVEL 6 }",
        "PREPROCESSING SHUFFLE", "CHECKSUM FLETCHER32", "CHUNKED ( 2, 2 )", "\"Schuh\"", "(2,0): 4, 5,",
        "H5T_CSET_UTF8",
        "H5T_STR_NULLPAD",
      ] {
        #expect(dump.output.contains(expected), "\(expected)")
      }
    }
  }

  @Test(.enabled(if: Tool.pythonHas("h5py"), "Python has no h5py"))
  func h5pyReadsThem() throws {
    try withScratchDirectory { directory in
      let path = directory + "/sample.h5"
      try Self.makeSample(at: path)
      let script = """
        import h5py, numpy, sys
        f = h5py.File(sys.argv[1], 'r')
        for t in 'int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64'.split():
            for o in 'le', 'be':
                d = f[t + '-' + o]
                assert d[()].tolist() == [1, 2, 100], d
                assert d.dtype == numpy.dtype(t).newbyteorder('<' if o == 'le' else '>'), d.dtype
        d = f['train/inputs']
        assert d[()].tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]
        assert (d.chunks, d.compression, d.compression_opts, d.shuffle, d.fletcher32) == ((2, 2), 'gzip', 6, True, True)
        assert d.attrs['classes'].tolist() == ['Schuh', 'Täsch']
        assert f['fixed'].asstr()[()].tolist() == ['ab', 'Täsch']
        assert f['text'].asstr()[()] == 'Grüße'
        """
      let result = try Tool.run("python3", ["-c", script, path])
      #expect(result.status == 0, "\(result.output)")
    }
  }

  @Test(.enabled(if: Tool.pythonHas("h5py"), "Python has no h5py"))
  func itReadsH5py() throws {
    try withScratchDirectory { directory in
      let path = directory + "/python.h5"
      let script = """
        import h5py, numpy, sys
        f = h5py.File(sys.argv[1], 'w', libver=(sys.argv[2], 'v110'))
        f['half'] = numpy.array([0.5, 2], dtype='f2')
        f['flag'] = numpy.array([True, False])
        f['text'] = ['a', 'ü']
        f['bytes'] = numpy.array([b'ab', b'c'])
        f['big'] = numpy.arange(6, dtype='>i4').reshape(2, 3)
        f['null'] = h5py.Empty('f4')
        f['soft'] = h5py.SoftLink('/big')
        f['dangling'] = h5py.SoftLink('/nowhere')
        f['big'].attrs['names'] = ['x', 'y', 'z']
        f['big'].attrs['unit'] = 'm'
        f['big'].attrs['scale'] = numpy.float32(0.5)
        """
      for version in ["earliest", "v110"] {
        let result = try Tool.run("python3", ["-c", script, path, version])
        try #require(result.status == 0, "\(result.output)")
        let file = try File.open(at: path)
        let root = try file.root
        #expect(try root.dataset("half").read(as: Float.self) == [0.5, 2])
        #expect(try root.dataset("half").datatype.description == "float16")
        #expect(try root.dataset("flag").datatype.description == "enumeration")
        #expect(throws: HDF5Error.self) { try root.dataset("flag").read(as: UInt8.self) }
        #expect(try root.dataset("text").readStrings() == ["a", "ü"])
        #expect(try root.dataset("bytes").readStrings() == ["ab", "c"])
        #expect(try root.dataset("soft").read(as: Int.self) == [0, 1, 2, 3, 4, 5])
        #expect(try root.dataset("null").read(as: Float.self) == [])
        #expect(try root.dataset("null").dataspace.isNull)
        #expect(try root.kind(of: "dangling") == .danglingLink)
        #expect(try !root.exists("dangling"))
        #expect(throws: HDF5Error.self) { try root.dataset("dangling") }
        let attributes = try root.dataset("big")
        #expect(try attributes.attributeNames() == ["names", "scale", "unit"])
        #expect(try attributes.attribute("names").readStrings() == ["x", "y", "z"])
        #expect(try attributes.attribute("unit").readString() == "m")
        #expect(try attributes.attribute("scale").readScalar(as: Double.self) == 0.5)
        try file.close()
      }
    }
  }
}
