import HDF5

extension DatasetRows {
  var typeAdvice: String {
    let datatype = dataset.datatype
    switch datatype.kind {
    case .string: return Self.textAdvice
    case .other(let name) where name.hasPrefix("complex"):
      return "; store the real and the imaginary part as two datasets, or along an axis of length 2"
    case .other(let name) where name.hasPrefix("opaque"):
      let half = datatype.byteCount == 2 ? ", as arrays of bfloat16 are stored whose type HDF5 does not know" : ""
      return "\(half); convert them to float32 before they are stored (NumPy: astype('float32'))"
    case .other("compound"):
      return "; store its columns as datasets of one type, or name them in data.groups"
    case .other("reference"):
      return
        "; references say where data are: name the datasets that they lead to in data.groups, or store copies of them"
    case .other("variable-length sequence"):
      return "; rows have different lengths: bring them to one length and store them as one array"
    case .other("array"): return "; store them as a dataset with one more axis"
    default: return "; convert them to numbers before they are stored"
    }
  }

  static let textAdvice =
    "; texts can be targets of a loss for classes, such as softmaxCrossEntropy, or a column of a table of inputs"
}
