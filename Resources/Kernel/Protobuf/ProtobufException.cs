namespace OrleansOrchestrator.Resources.Kernel.Protobuf;

/// <summary>A body that is no protobuf message of its kind; the text is what the client is told.</summary>
public sealed class ProtobufException(string message) : Exception(message);
