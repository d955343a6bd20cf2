using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Tests;

/// <summary>Believes a header who it is: the administrator, a node by its name, or somebody without rights.</summary>
internal sealed class ByHeader : IAuthenticator
{
    public ValueTask<UserIdentity?> AuthenticateAsync(HttpContext context)
    {
        var name = context.Request.Headers["X-User"].ToString();
        string[] groups = name.StartsWith("system:node:", StringComparison.Ordinal) ? ["system:nodes"]
            : name == "admin" ? ["system:masters"]
            : [];
        return new(new UserIdentity { Name = name, Groups = [.. groups, "system:authenticated"] });
    }
}
