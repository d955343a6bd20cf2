namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>A token is refused; the message says why, in upstream's words.</summary>
internal sealed class TokenRefusedException(string message) : Exception(message);
