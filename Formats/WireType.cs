namespace OrleansOrchestrator.Formats;

/// <summary>How the bytes after a tag of protobuf's encoding are laid out.</summary>
public enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    StartGroup = 3,
    EndGroup = 4,
    Fixed32 = 5,
}
