namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// Something the user must know or mend: printed as one sentence, without a stack trace, and the program ends with exit
/// code 1.
/// </summary>
public sealed class UserErrorException(string message) : Exception(message);
