namespace OrleansOrchestrator.Grains.Encryption.Kms;

/// <summary>A plugin of the KMS v2 API.</summary>
/// <param name="Name">What values that it has to do with are marked with.</param>
/// <param name="Socket">The unix socket that it listens on; <c>@</c> before those that are in no directory.</param>
/// <param name="Timeout">How long one call of it may take.</param>
public sealed record KmsSettings(string Name, string Socket, TimeSpan Timeout) : ProviderSettings;
