using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Auth;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Auth;

/// <summary>Tokens that browsers name as a WebSocket's subprotocol.</summary>
public sealed class SocketTokenTests
{
    private const string Prefix = "base64url.bearer.authorization.k8s.io.";

    // "secret~?" has both characters in which the two alphabets differ.
    private const string Encoded = "c2VjcmV0fj8_";

    [Theory]
    [InlineData($"v5.channel.k8s.io, {Prefix}{Encoded}", "secret~??")]
    [InlineData($"{Prefix}{Encoded},v4.channel.k8s.io", "secret~??")]
    [InlineData("v5.channel.k8s.io", null)]
    [InlineData($"{Prefix}{Encoded}", "")]
    [InlineData($"v4.channel.k8s.io,{Prefix}{Encoded},{Prefix}{Encoded}", "")]
    [InlineData($"v4.channel.k8s.io,{Prefix}c2VjcmV0fj8/", "")]
    [InlineData($"v4.channel.k8s.io,{Prefix}YQ==", "")]
    [InlineData($"v4.channel.k8s.io,{Prefix}_w", "")]
    [InlineData($"v4.channel.k8s.io,{Prefix}", "")]
    public void A_token_is_one_subprotocol_among_others(string protocols, string? expected) =>
        Assert.Equal(expected, SocketToken.Take(Request(protocols)));

    [Fact]
    public void Only_a_socket_names_one()
    {
        var request = Request($"v4.channel.k8s.io,{Prefix}{Encoded}");
        request.Headers.Upgrade = "SPDY/3.1";
        Assert.Null(SocketToken.Take(request));
    }

    [Theory]
    [InlineData($"v5.channel.k8s.io, {Prefix}{Encoded}, v4.channel.k8s.io", "v5.channel.k8s.io,v4.channel.k8s.io")]
    [InlineData($"v4.channel.k8s.io,{Prefix}{Encoded},{Prefix}{Encoded}", "v4.channel.k8s.io")]
    [InlineData($"{Prefix}{Encoded}", "")]
    [InlineData("v5.channel.k8s.io, other", "v5.channel.k8s.io, other")]
    public void Nobody_further_on_sees_it(string protocols, string left)
    {
        var request = Request(protocols);
        SocketToken.Take(request);
        Assert.Equal(left, request.Headers.SecWebSocketProtocol.ToString());
    }

    private static HttpRequest Request(string protocols)
    {
        var request = new DefaultHttpContext().Request;
        request.Headers.Upgrade = "websocket";
        request.Headers.SecWebSocketProtocol = protocols;
        return request;
    }
}
