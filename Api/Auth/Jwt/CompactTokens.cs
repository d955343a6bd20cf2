using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>Reads tokens that nobody has checked yet.</summary>
internal static class CompactTokens
{
    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    /// <summary>A token with its head, of which nothing is to be believed; null for what is none.</summary>
    public static JsonWebToken? Read(string token)
    {
        try
        {
            return Handler.CanReadToken(token) ? Handler.ReadJsonWebToken(token) : null;
        }
        catch (Exception malformed) when (malformed is SecurityTokenException or ArgumentException)
        {
            return null;
        }
    }
}
