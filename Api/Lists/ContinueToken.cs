using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Lists;

/// <summary>
/// Where a paged list goes on: upstream's token, <c>{"v":"meta.k8s.io/v1","rv":REVISION,"start":KEY}</c> in unpadded
/// URL-safe base64. The key is relative to what is listed (a name within a namespace, <c>namespace/name</c> across
/// all). Tokens come from outside: nothing in them is trusted, and whatever key they hold selects within the list that
/// the request was authorized for.
/// </summary>
/// <param name="Revision">The snapshot's revision; negative for an inconsistent continuation at the newest one.</param>
/// <param name="Start">The first key of the page. A trailing NUL means "after the key".</param>
public readonly record struct ContinueToken(long Revision, string Start)
{
    /// <summary>Longer ones are not ours: names and namespaces are bounded.</summary>
    public const int MaxLength = 8192;

    private const string Version = "meta.k8s.io/v1";

    /// <summary>The token for the page after an object.</summary>
    public static string After(long revision, ObjectKey key, bool acrossNamespaces) =>
        new ContinueToken(
            revision, acrossNamespaces && key.Namespace.Length > 0 ? $"{key}\0" : $"{key.Name}\0").Encode();

    /// <summary>The text clients see.</summary>
    public string Encode()
    {
        var start = JsonEncodedText.Encode(Start);
        var json = string.Create(
            CultureInfo.InvariantCulture, $"{{\"v\":\"{Version}\",\"rv\":{Revision},\"start\":\"{start}\"}}");
        return Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
    }

    /// <summary>Reads a client's token; the refusal is upstream's 400.</summary>
    public static Outcome<ContinueToken> Decode(string text)
    {
        if (text.Length > MaxLength)
        {
            return Refuse("token too long");
        }

        var bytes = new byte[Base64Url.GetMaxDecodedLength(text.Length) + 3];
        int length;
        try
        {
            if (text.Contains('=', StringComparison.Ordinal) || text.AsSpan().ContainsAny(" \t\r\n"))
            {
                return Refuse($"illegal base64 data at input byte {text.AsSpan().IndexOfAny("= \t\r\n")}");
            }

            length = Base64Url.DecodeFromChars(text, bytes);
        }
        catch (FormatException)
        {
            return Refuse($"illegal base64 data at input byte {FirstIllegal(text)}");
        }

        return Parse(bytes.AsMemory(0, length));
    }

    /// <summary>The object after which the page begins.</summary>
    /// <param name="inNamespace">What is listed; empty for all namespaces and for cluster-scoped resources.</param>
    /// <param name="namespaced">Whether the resource has namespaces.</param>
    /// <param name="inclusive">True when the object itself belongs to the page.</param>
    public ObjectKey ToKey(string inNamespace, bool namespaced, out bool inclusive)
    {
        inclusive = !Start.EndsWith('\0');
        var key = inclusive ? Start : Start[..^1];
        key = key.StartsWith('/') ? key[1..] : key;
        if (inNamespace.Length > 0 || !namespaced)
        {
            return new ObjectKey(inNamespace, key);
        }

        var slash = key.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? new ObjectKey(key, "") : new ObjectKey(key[..slash], key[(slash + 1)..]);
    }

    private static Outcome<ContinueToken> Parse(ReadOnlyMemory<byte> json)
    {
        if (GoJson.FindError(json.Span) is { } complaint)
        {
            return Refuse(complaint);
        }

        string version = "", start = "";
        long revision = 0;
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return Refuse($"json: cannot unmarshal {GoName(document.RootElement.ValueKind)} into Go value of type storage.continueToken");
            }

            foreach (var property in document.RootElement.EnumerateObject())
            {
                switch (property.Name)
                {
                    case "v": version = property.Value.GetString() ?? ""; break;
                    case "rv": revision = property.Value.GetInt64(); break;
                    case "start": start = property.Value.GetString() ?? ""; break;
                }
            }
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or FormatException)
        {
            return Refuse("json: cannot unmarshal value into Go value of type storage.continueToken");
        }

        return Check(version, revision, start);
    }

    private static Outcome<ContinueToken> Check(string version, long revision, string start)
    {
        if (version != Version)
        {
            return Refuse($"server does not recognize this encoded version {GoText.Quote(version)}");
        }

        if (revision == 0)
        {
            return Refuse($"incorrect encoded start resourceVersion (version {Version})");
        }

        if (start.Length == 0)
        {
            return Refuse($"encoded start key empty (version {Version})");
        }

        return IsClean(start) ? new ContinueToken(revision, start) : Refuse(start);
    }

    /// <summary>No step of the key may lead upwards or nowhere, as <c>path.Clean</c> has it.</summary>
    private static bool IsClean(string start)
    {
        var key = start.StartsWith('/') ? start[1..] : start;
        return key.Length > 0 && key.Split('/').All(step => step is not ("" or "." or ".."));
    }

    private static string GoName(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.True or JsonValueKind.False => "bool",
        _ => "null",
    };

    private static int FirstIllegal(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsAsciiLetterOrDigit(text[i]) && text[i] is not ('-' or '_'))
            {
                return i;
            }
        }

        return text.Length;
    }

    private static Status Refuse(string why) =>
        StatusErrors.BadRequest($"invalid continue token: continue key is not valid: {why}");
}
