namespace OrleansOrchestrator.Api.Configuration;

/// <summary>A configuration cannot be used; the message says why, in upstream's words where it has some.</summary>
public sealed class ConfigurationException(string message) : Exception(message);
