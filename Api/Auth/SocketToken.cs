using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// A bearer token that a WebSocket's client names as a subprotocol, since browsers let no page set headers there: <c>
/// base64url.bearer.authorization.k8s.io.TOKEN</c>, beside at least one that is to be spoken (upstream's <c>
/// request/websocket</c>).
/// </summary>
internal static class SocketToken
{
    private const string Prefix = "base64url.bearer.authorization.k8s.io.";

    /// <summary>
    /// The token, which is taken out of the request: nobody further on is to see it or answer with it, whatever else
    /// proves who asks. Empty when what is there cannot be one, null when none is named.
    /// </summary>
    public static string? Take(HttpRequest request)
    {
        var token = Of(request);
        if (token is not null)
        {
            request.Headers.SecWebSocketProtocol = string.Join(',', Protocols(request).Where(static p => !IsToken(p)));
        }

        return token;
    }

    private static string? Of(HttpRequest request)
    {
        if (!IsSocket(request))
        {
            return null;
        }

        var protocols = Protocols(request);
        var named = protocols.FindAll(IsToken);
        return named.Count == 0 ? null
            : named.Count > 1 || protocols.Count == 1 ? ""
            : Decode(named[0][Prefix.Length..]);
    }

    private static bool IsSocket(HttpRequest request) =>
        request.Headers.Upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase);

    private static bool IsToken(string protocol) => protocol.StartsWith(Prefix, StringComparison.Ordinal);

    private static List<string> Protocols(HttpRequest request) =>
        [
            .. request.Headers.SecWebSocketProtocol.SelectMany(
                static line => (line ?? "").Split(',', StringSplitOptions.TrimEntries)),
        ];

    private static string Decode(string encoded)
    {
        // The decoder allows padding, which this form is without.
        if (encoded.Contains('=', StringComparison.Ordinal) || !Base64Url.IsValid(encoded))
        {
            return "";
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Base64Url.DecodeFromChars(encoded));
        }
        catch (ArgumentException)
        {
            return "";
        }
    }
}
