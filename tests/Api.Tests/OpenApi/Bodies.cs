using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.OpenApi;

namespace OrleansOrchestrator.Api.Tests.OpenApi;

/// <summary>What clients get of a document.</summary>
internal static class Bodies
{
    public static byte[] Of(CompressedDocument document)
    {
        var body = new MemoryStream();
        var context = new DefaultHttpContext { Response = { Body = body } };
        var sent = document.SendAsync(context, "application/json");
        if (!sent.IsCompletedSuccessfully)
        {
            throw new InvalidOperationException("Sending into memory does not wait.", sent.Exception);
        }

        return body.ToArray();
    }
}
