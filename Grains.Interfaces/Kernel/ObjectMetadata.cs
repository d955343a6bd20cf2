using System.Text.Json;

namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// What the machinery reads of an object's <c>metadata</c> beside the key and the uid, taken from the bytes in one
/// pass.
/// </summary>
public sealed class ObjectMetadata
{
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    private static readonly Dictionary<string, string> NoText = [];

    /// <summary>0 when absent.</summary>
    public long Generation { get; private set; }

    public DateTimeOffset? CreationTimestamp { get; private set; }

    /// <summary>Set while the object waits for its grace period or finalizers.</summary>
    public DateTimeOffset? DeletionTimestamp { get; private set; }

    public IReadOnlyDictionary<string, string> Labels { get; private set; } = NoText;

    /// <summary>
    /// Without what kubectl notes of the last apply: it is as long as the object, and nobody here asks for it.
    /// </summary>
    public IReadOnlyDictionary<string, string> Annotations { get; private set; } = NoText;

    public IReadOnlyList<string> Finalizers { get; private set; } = [];

    public IReadOnlyList<ObjectOwner> Owners { get; private set; } = [];

    /// <summary>
    /// Where <c>managedFields</c> stands in the bytes, with its name and one comma: what is left without it is the
    /// object without owners of fields. Empty when the object has none.
    /// </summary>
    public Range ManagedFields { get; private set; } = ..0;

    /// <summary>The owner with <c>controller: true</c>, if any.</summary>
    public ObjectOwner? Controller
    {
        get
        {
            foreach (var owner in Owners)
            {
                if (owner.IsController)
                {
                    return owner;
                }
            }

            return null;
        }
    }

    /// <summary>Reads the top-level <c>metadata</c> of a valid JSON object; everything else is skipped.</summary>
    public static ObjectMetadata Parse(ReadOnlySpan<byte> json)
    {
        var result = new ObjectMetadata();
        var reader = new Utf8JsonReader(json, CommittedJson.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMetadata = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            if (isMetadata && reader.TokenType == JsonTokenType.StartObject)
            {
                result.ReadMetadata(ref reader, json);
                return result;
            }

            reader.Skip();
        }

        return result;
    }

    private void ReadMetadata(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var property = SharedText.Read(ref reader);
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null)
            {
                continue;
            }

            ReadField(property, ref reader);
            if (property == "managedFields")
            {
                ManagedFields = WithComma(json, start, (int)reader.BytesConsumed);
            }
        }
    }

    /// <summary>A field together with the comma before it, or behind it when it is the first.</summary>
    private static Range WithComma(ReadOnlySpan<byte> json, int start, int end) =>
        json[start - 1] == (byte)',' ? (start - 1)..end
        : json[end] == (byte)',' ? start..(end + 1)
        : start..end;

    private void ReadField(string property, ref Utf8JsonReader reader)
    {
        switch (property)
        {
            case "generation": Generation = reader.GetInt64(); break;
            case "creationTimestamp": CreationTimestamp = reader.GetDateTimeOffset(); break;
            case "deletionTimestamp": DeletionTimestamp = reader.GetDateTimeOffset(); break;
            case "labels": Labels = ReadText(ref reader); break;
            case "annotations": Annotations = ReadText(ref reader); break;
            case "finalizers": Finalizers = ReadFinalizers(ref reader); break;
            case "ownerReferences": Owners = ReadOwners(ref reader); break;
            default: reader.Skip(); break;
        }
    }

    private static Dictionary<string, string> ReadText(ref Utf8JsonReader reader)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = SharedText.Read(ref reader);
            reader.Read();
            if (key != LastApplied)
            {
                result[key] = Text(ref reader);
            }
        }

        return result;
    }

    private static string Text(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Null ? "" : SharedText.Read(ref reader);

    private static List<string> ReadFinalizers(ref Utf8JsonReader reader)
    {
        var result = new List<string>();
        while (reader.Read() && reader.TokenType == JsonTokenType.String)
        {
            result.Add(SharedText.Read(ref reader));
        }

        return result;
    }

    private static List<ObjectOwner> ReadOwners(ref Utf8JsonReader reader)
    {
        var result = new List<ObjectOwner>();
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            string version = "", kind = "", name = "", uid = "";
            bool controller = false, blocks = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var property = SharedText.Read(ref reader);
                reader.Read();
                switch (property)
                {
                    case "apiVersion": version = Text(ref reader); break;
                    case "kind": kind = Text(ref reader); break;
                    case "name": name = Text(ref reader); break;
                    case "uid": uid = Text(ref reader); break;
                    case "controller": controller = reader.TokenType == JsonTokenType.True; break;
                    case "blockOwnerDeletion": blocks = reader.TokenType == JsonTokenType.True; break;
                    default: reader.Skip(); break;
                }
            }

            result.Add(new ObjectOwner(version, kind, name, uid, controller, blocks));
        }

        return result;
    }
}

/// <summary><c>meta/v1 OwnerReference</c>.</summary>
public sealed record ObjectOwner(
    string ApiVersion, string Kind, string Name, string Uid, bool IsController, bool BlocksOwnerDeletion);
