using System.Text.Json;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Reads the ResourceClaims of a pod: what its spec names, and what its status says of those made for it.
/// </summary>
internal static class DeviceClaimReader
{
    /// <summary>The entries of a list, by their names in the pod, with the claims' names; null for none.</summary>
    public static List<(string Name, string? Claim)>? ReadNames(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return null;
        }

        List<(string, string?)>? names = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            (names ??= []).Add(ReadName(ref reader));
        }

        return names;
    }

    public static DeviceClaimUse[] Join(
        List<(string Name, string? Claim)>? named, List<(string Name, string? Claim)>? made) =>
        named is null ? [] : [.. named.Select(n => n.Claim is null ? Made(n.Name, made) : new(n.Claim, false))];

    private static DeviceClaimUse Made(string name, List<(string Name, string? Claim)>? made)
    {
        var index = made?.FindIndex(m => m.Name == name) ?? -1;
        return new(index < 0 ? null : made![index].Claim ?? "", true);
    }

    private static (string Name, string? Claim) ReadName(ref Utf8JsonReader reader)
    {
        var (name, claim) = ("", (string?)null);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("name"u8))
            {
                reader.Read();
                name = reader.GetString() ?? "";
            }
            else if (reader.ValueTextEquals("resourceClaimName"u8))
            {
                reader.Read();
                claim = reader.GetString();
            }
            else
            {
                reader.Skip();
            }
        }

        return (name, claim);
    }
}
