using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.Tokens;

namespace OrleansOrchestrator.TestKit.Remote;

/// <summary>
/// The part of an issuer that people see: whoever comes is signed in at once, by a code that is good once and for who
/// has its verifier (RFC 7636). The issuer <c>forger</c> gives tokens of another sign-in, <c>refuser</c> none.
/// </summary>
internal sealed class TestSignIns
{
    private readonly ConcurrentDictionary<string, Asked> _codes = new(StringComparer.Ordinal);

    public Task AuthorizeAsync(HttpContext context, string name)
    {
        var query = context.Request.Query;
        string Of(string parameter) => query[parameter].ToString();
        if (Of("response_type") != "code" || Of("code_challenge_method") != "S256"
            || !Of("scope").Split(' ').Contains("openid") || Of("nonce").Length < 32 || Of("client_secret").Length > 0)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return context.Response.WriteAsync("this is no authorization request of a public client");
        }

        var code = Guid.NewGuid().ToString();
        _codes[code] = new Asked(
            Of("client_id"), Of("redirect_uri"), Of("code_challenge"),
            name == "forger" ? "nonce of another sign-in" : Of("nonce"));
        var answer = name == "refuser"
            ? new Dictionary<string, string?> { ["error"] = "access_denied", ["error_description"] = "Not today." }
            : new Dictionary<string, string?> { ["code"] = code };
        answer["state"] = Of("state");
        context.Response.Redirect(QueryHelpers.AddQueryString(Of("redirect_uri"), answer));
        return Task.CompletedTask;
    }

    public async Task GiveTokenAsync(HttpContext context, Func<JsonObject, string> sign)
    {
        var form = await context.Request.ReadFormAsync();
        context.Response.Headers.AccessControlAllowOrigin = "*";
        string Of(string parameter) => form[parameter].ToString();
        var challenge = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(Of("code_verifier"))));
        if (Of("grant_type") != "authorization_code" || !_codes.TryRemove(Of("code"), out var asked)
            || asked != new Asked(Of("client_id"), Of("redirect_uri"), challenge, asked.Nonce))
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsJsonAsync(new { error = "invalid_grant" });
            return;
        }

        await context.Response.WriteAsJsonAsync(new
        {
            token_type = "Bearer", access_token = "of no use here",
            id_token = sign(new JsonObject { ["aud"] = asked.Client, ["nonce"] = asked.Nonce }),
        });
    }

    private sealed record Asked(string Client, string RedirectUri, string Challenge, string Nonce);
}
