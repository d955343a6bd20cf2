using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>
/// What a token says. Nothing of it is to be believed before its signature has been checked; a claim that is not of the
/// type that is asked for is a <see cref="TokenRefusedException"/>.
/// </summary>
internal sealed class TokenClaims : IDisposable
{
    private const string LegacyGoogle = "accounts.google.com";

    private readonly JsonDocument _document;

    private TokenClaims(JsonDocument document) => _document = document;

    /// <summary>All of them.</summary>
    public JsonElement Root => _document.RootElement;

    public string Issuer => Root.TryGetProperty("iss", out var issuer) && issuer.ValueKind == JsonValueKind.String
        ? issuer.GetString() is var name && name == LegacyGoogle ? $"https://{LegacyGoogle}" : name!
        : "";

    /// <summary>Null for what is no JWT in its compact form.</summary>
    public static TokenClaims? Read(string token)
    {
        var start = token.IndexOf('.', StringComparison.Ordinal) + 1;
        var end = token.LastIndexOf('.');
        if (start == 0 || end <= start || token.AsSpan(start, end - start).Contains('.'))
        {
            return null;
        }

        var payload = token.AsSpan(start, end - start);
        if (payload.Contains('=') || !Base64Url.IsValid(payload))
        {
            return null;
        }

        try
        {
            var document = JsonDocument.Parse(Base64Url.DecodeFromChars(payload));
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return new TokenClaims(document);
            }

            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The same with one more.</summary>
    /// <param name="claim">Its name.</param>
    /// <param name="json">What it says: JSON that has been read before.</param>
    public TokenClaims With(string claim, ReadOnlySpan<byte> json)
    {
        var all = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(all))
        {
            writer.WriteStartObject();
            foreach (var own in Root.EnumerateObject())
            {
                own.WriteTo(writer);
            }

            writer.WritePropertyName(claim);
            writer.WriteRawValue(json, skipInputValidation: true);
            writer.WriteEndObject();
        }

        return new TokenClaims(JsonDocument.Parse(all.WrittenMemory));
    }

    public bool Has(string claim) => Root.TryGetProperty(claim, out _);

    /// <summary>A text.</summary>
    public string Text(string claim, string complaint)
    {
        if (!Root.TryGetProperty(claim, out var value))
        {
            throw new TokenRefusedException($"{complaint}: claim not present");
        }

        return value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Null => "",
            _ => throw WrongType(complaint, value, "string"),
        };
    }

    /// <summary>A text, or several.</summary>
    public IReadOnlyList<string> Texts(string claim, string complaint)
    {
        var value = Root.GetProperty(claim);
        return value.ValueKind switch
        {
            JsonValueKind.String => [value.GetString()!],
            JsonValueKind.Null => [],
            JsonValueKind.Array when value.EnumerateArray().All(static e => e.ValueKind == JsonValueKind.String) =>
                [.. value.EnumerateArray().Select(static e => e.GetString()!)],
            _ => throw WrongType(complaint, value, "string"),
        };
    }

    /// <summary>A flag.</summary>
    public bool Flag(string claim, string complaint) => Root.GetProperty(claim) is var value
        && value.ValueKind is JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null
            ? value.ValueKind == JsonValueKind.True
            : throw WrongType(complaint, value, "bool");

    /// <summary>A point in time, in seconds; null when there is none.</summary>
    public DateTimeOffset? Time(string claim)
    {
        const double Latest = 253_402_300_799;
        return Root.TryGetProperty(claim, out var value) && value.ValueKind == JsonValueKind.Number
            ? DateTimeOffset.UnixEpoch.AddSeconds(Math.Clamp(Math.Truncate(value.GetDouble()), 0, Latest))
            : null;
    }

    public void Dispose() => _document.Dispose();

    internal static TokenRefusedException WrongType(string complaint, JsonElement value, string wanted)
    {
        var kind = value.ValueKind switch
        {
            JsonValueKind.True or JsonValueKind.False => "bool",
            var other => other.ToString().ToLowerInvariant(),
        };
        return new TokenRefusedException(
            $"{complaint}: json: cannot unmarshal {kind} into Go value of type {wanted}");
    }
}
