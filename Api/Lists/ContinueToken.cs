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
/// URL-safe base64, with the second at which the first page was taken (<c>"at"</c>) besides. The key is relative to
/// what is listed (a name within a namespace, <c>namespace/name</c> across all). Tokens come from outside: nothing in
/// them is trusted, and whatever key they hold selects within the list that the request was authorized for.
/// </summary>
/// <param name="Revision">The snapshot's revision; negative for an inconsistent continuation at the newest one.</param>
/// <param name="Start">The first key of the page. A trailing NUL means "after the key".</param>
/// <param name="BeganAtSeconds">When the first page was taken, in Unix seconds; 0 when the token does not say, as
/// tokens at the newest revision, which is never too old.</param>
public readonly record struct ContinueToken(long Revision, string Start, long BeganAtSeconds = 0)
{
    /// <summary>
    /// How long the snapshot of a paged list is promised: upstream compacts its store every five minutes, so that its
    /// tokens end after five to ten. Revisions are a resource's own here, and one that nobody writes to has none that
    /// is old: a token's age tells.
    /// </summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>Longer ones are not ours: names and namespaces are bounded.</summary>
    public const int MaxLength = 8192;

    private const string Version = "meta.k8s.io/v1";

    /// <summary>The token for the page after an object.</summary>
    public static ContinueToken After(long revision, ObjectKey key, bool acrossNamespaces, DateTimeOffset began) => new(
        revision, acrossNamespaces && key.Namespace.Length > 0 ? $"{key}\0" : $"{key.Name}\0",
        began.ToUnixTimeSeconds());

    /// <summary>True when the snapshot that the token goes through is no longer promised.</summary>
    public bool IsExpired(DateTimeOffset now) =>
        BeganAtSeconds > 0 && now.ToUnixTimeSeconds() - BeganAtSeconds > (long)Lifetime.TotalSeconds;

    /// <summary>The token that goes on from the same key at the newest revision.</summary>
    public ContinueToken AtNewest() => new(-1, Start);

    /// <summary>The text clients see.</summary>
    public string Encode()
    {
        var start = JsonEncodedText.Encode(Start);
        var began = BeganAtSeconds == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $",\"at\":{BeganAtSeconds}");
        var json = string.Create(
            CultureInfo.InvariantCulture, $"{{\"v\":\"{Version}\",\"rv\":{Revision},\"start\":\"{start}\"{began}}}");
        return Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
    }

    /// <summary>Reads a client's token; the refusal is upstream's 400.</summary>
    public static Outcome<ContinueToken> Decode(string text)
    {
        if (text.Length > MaxLength)
        {
            return Refuse("token too long");
        }

        return GoBase64.TryDecodeUrl(text, out var bytes, out var badByte)
            ? Parse(bytes)
            : Refuse($"illegal base64 data at input byte {badByte}");
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
        long revision = 0, began = 0;
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
                    case "at": began = property.Value.GetInt64(); break;
                    case "start": start = property.Value.GetString() ?? ""; break;
                }
            }
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or FormatException)
        {
            return Refuse("json: cannot unmarshal value into Go value of type storage.continueToken");
        }

        return Check(version, new ContinueToken(revision, start, began));
    }

    private static Outcome<ContinueToken> Check(string version, ContinueToken token)
    {
        if (version != Version)
        {
            return Refuse($"server does not recognize this encoded version {GoText.Quote(version)}");
        }

        if (token.Revision == 0)
        {
            return Refuse($"incorrect encoded start resourceVersion (version {Version})");
        }

        if (token.Start.Length == 0)
        {
            return Refuse($"encoded start key empty (version {Version})");
        }

        return IsClean(token.Start) ? token : Refuse(token.Start);
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

    private static Status Refuse(string why) =>
        StatusErrors.BadRequest($"invalid continue token: continue key is not valid: {why}");
}
