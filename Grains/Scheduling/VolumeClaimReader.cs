using System.Text.Json;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Reads the claims among the volumes of a pod.</summary>
internal static class VolumeClaimReader
{
    /// <summary>Ephemeral ones by the name of their volume.</summary>
    /// <param name="reader">At the volumes.</param>
    /// <param name="disks">What volumes name that may be attached once only; null when none does.</param>
    public static List<ClaimUse>? Read(ref Utf8JsonReader reader, out List<DiskUse>? disks)
    {
        List<ClaimUse>? claims = null;
        disks = null;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return null;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (ReadClaim(ref reader, ref disks) is { } claim)
            {
                (claims ??= []).Add(claim);
            }
        }

        return claims;
    }

    private static ClaimUse? ReadClaim(ref Utf8JsonReader reader, ref List<DiskUse>? disks)
    {
        var (volume, claim, isEphemeral) = ("", "", false);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("name"u8))
            {
                reader.Read();
                volume = reader.GetString() ?? "";
            }
            else if (reader.ValueTextEquals("persistentVolumeClaim"u8))
            {
                claim = ReadClaimName(ref reader);
            }
            else if (DiskUse.KindAt(ref reader) is { } kind)
            {
                (disks ??= []).AddRange(DiskUse.Of(kind, JsonElement.ParseValue(ref reader)));
            }
            else
            {
                isEphemeral |= reader.ValueTextEquals("ephemeral"u8);
                reader.Skip();
            }
        }

        return claim.Length > 0 ? new ClaimUse(claim, false) : isEphemeral ? new ClaimUse(volume, true) : null;
    }

    private static string ReadClaimName(ref Utf8JsonReader reader)
    {
        var name = "";
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("claimName"u8))
            {
                reader.Read();
                name = reader.GetString() ?? "";
            }
            else
            {
                reader.Skip();
            }
        }

        return name;
    }
}
