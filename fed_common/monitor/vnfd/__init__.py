"""Reading VNF descriptors: TOSCA in, a Vnfd out, or the path of what is wrong."""
