using System.Text;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Resources.Kernel.Protobuf;

/// <summary>
/// What surrounds every message of the API: four bytes of magic, then a <c>runtime.Unknown</c> that says what the
/// message is.
/// </summary>
public readonly ref struct ProtobufEnvelope
{
    private const int TypeMetaField = 1;
    private const int RawField = 2;
    private const int ApiVersionField = 1;
    private const int KindField = 2;

    internal static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    private ProtobufEnvelope(string apiVersion, string kind, ReadOnlySpan<byte> raw)
    {
        ApiVersion = apiVersion;
        Kind = kind;
        Raw = raw;
    }

    /// <summary>The object's apiVersion; empty when the client left it out.</summary>
    public string ApiVersion { get; }

    /// <summary>The object's kind; empty when the client left it out.</summary>
    public string Kind { get; }

    /// <summary>The object itself.</summary>
    public ReadOnlySpan<byte> Raw { get; }

    /// <summary>Opens the envelope; throws <see cref="ProtobufException"/> when there is none.</summary>
    public static ProtobufEnvelope Open(ReadOnlySpan<byte> body)
    {
        if (!body.StartsWith(Magic))
        {
            throw new ProtobufException(body.IsEmpty
                ? "empty data"
                : "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
        }

        var (apiVersion, kind) = ("", "");
        var raw = ReadOnlySpan<byte>.Empty;
        var reader = new ProtobufReader(body[Magic.Length..]);
        while (reader.Read())
        {
            switch (reader.Number)
            {
                case TypeMetaField:
                    ReadTypeMeta(Demand(reader, "TypeMeta"), ref apiVersion, ref kind);
                    break;
                case RawField:
                    raw = Demand(reader, "Raw");
                    break;
            }
        }

        return new ProtobufEnvelope(apiVersion, kind, raw);
    }

    private static void ReadTypeMeta(ReadOnlySpan<byte> data, ref string apiVersion, ref string kind)
    {
        var reader = new ProtobufReader(data);
        while (reader.Read())
        {
            switch (reader.Number)
            {
                case ApiVersionField:
                    apiVersion = Encoding.UTF8.GetString(Demand(reader, "APIVersion"));
                    break;
                case KindField:
                    kind = Encoding.UTF8.GetString(Demand(reader, "Kind"));
                    break;
            }
        }
    }

    private static ReadOnlySpan<byte> Demand(ProtobufReader reader, string field) => reader.Wire == WireType.Bytes
        ? reader.Bytes
        : throw new ProtobufException($"proto: wrong wireType = {(int)reader.Wire} for field {field}");
}
