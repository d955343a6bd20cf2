using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.CustomResources;

/// <summary>What a conversion webhook has answered, checked as upstream checks it.</summary>
internal static class ConversionAnswer
{
    /// <summary>The converted objects; the message of a failure says what is wrong.</summary>
    /// <param name="json">The answer.</param>
    /// <param name="apiVersion">The version of the review that was sent.</param>
    /// <param name="uid">Its uid.</param>
    public static Outcome<List<JsonNode?>> Read(ReadOnlySpan<byte> json, string apiVersion, string uid)
    {
        JsonObject? review;
        try
        {
            review = JsonTree.Parse(json) as JsonObject;
        }
        catch (JsonException)
        {
            return StatusErrors.Unknown(
                $"couldn't get version/kind; json parse error: {GoJson.FindError(json) ?? "invalid JSON"}");
        }

        // Of the older version upstream has never looked at what an answer calls itself, or which question it is to.
        var isChecked = !apiVersion.EndsWith("beta1", StringComparison.Ordinal);
        if (isChecked && KindOf(review) is var given && given != $"{apiVersion}, Kind=ConversionReview")
        {
            return StatusErrors.Unknown(
                $"expected webhook response of {apiVersion}, Kind=ConversionReview, got {given}");
        }

        if (review?["response"] is not JsonObject response)
        {
            return StatusErrors.Unknown("no response provided");
        }

        if (isChecked && (JsonTree.Text(response["uid"]) ?? "") is var answered && answered != uid)
        {
            return StatusErrors.Unknown($"expected response.uid={GoText.Quote(uid)}, got {GoText.Quote(answered)}");
        }

        var result = response["result"] as JsonObject;
        var status = JsonTree.Text(result?["status"]) ?? "";
        return status == "Success" ? ((response["convertedObjects"] as JsonArray) ?? []).ToList()
            : JsonTree.Text(result?["message"]) is { Length: > 0 } message ? StatusErrors.Unknown(message)
            : StatusErrors.Unknown($"response.result.status was '{status}', not 'Success'");
    }

    private static string KindOf(JsonObject? review)
    {
        var (group, version) = ApiVersions.Split(JsonTree.Text(review?["apiVersion"]) ?? "");
        return $"{group}/{version}, Kind={JsonTree.Text(review?["kind"]) ?? ""}";
    }
}
