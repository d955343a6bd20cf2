using System.Text.Json;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Reads what scheduling wants to know of the volumes of a pod.</summary>
internal static class VolumeClaimReader
{
    /// <summary>The claims; ephemeral ones by the name of their volume.</summary>
    /// <param name="reader">At the volumes.</param>
    /// <param name="disks">What volumes name that may be attached once only; null when none does.</param>
    /// <param name="images">Images that are volumes; null when there are none.</param>
    public static List<ClaimUse>? Read(
        ref Utf8JsonReader reader, out List<DiskUse>? disks, out List<string>? images)
    {
        List<ClaimUse>? claims = null;
        (disks, images) = (null, null);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return null;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (ReadClaim(ref reader, ref disks, ref images) is { } claim)
            {
                (claims ??= []).Add(claim);
            }
        }

        return claims;
    }

    private static ClaimUse? ReadClaim(
        ref Utf8JsonReader reader, ref List<DiskUse>? disks, ref List<string>? images)
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
                claim = ReadText(ref reader, "claimName"u8);
            }
            else if (reader.ValueTextEquals("image"u8))
            {
                (images ??= []).Add(ReadText(ref reader, "reference"u8));
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

    /// <summary>One text of the object that comes next; empty when it has none.</summary>
    private static string ReadText(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        var text = "";
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals(name))
            {
                reader.Read();
                text = reader.GetString() ?? "";
            }
            else
            {
                reader.Skip();
            }
        }

        return text;
    }
}
