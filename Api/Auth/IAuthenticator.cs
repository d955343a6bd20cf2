using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>Says who sends a request.</summary>
public interface IAuthenticator
{
    /// <summary>The user; null when the request carries credentials that are wrong (401).</summary>
    ValueTask<UserIdentity?> AuthenticateAsync(HttpContext context);
}
