using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>Puts the user of each request into its features, or answers 401.</summary>
public static class AuthenticationMiddleware
{
    /// <summary>Comes before the API.</summary>
    public static IApplicationBuilder UseOrchestratorAuthentication(this IApplicationBuilder app)
    {
        var authenticator = app.ApplicationServices.GetRequiredService<Authenticator>();
        return app.Use(async (context, next) =>
        {
            var user = await authenticator.AuthenticateAsync(context);
            if (user is null)
            {
                await StatusJson.WriteAsync(context, StatusErrors.Unauthorized());
                return;
            }

            context.Features.Set(user);
            await next(context);
        });
    }
}
