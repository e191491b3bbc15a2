import { checkInterruptions } from '../campaign/check-interruptions.js';

checkInterruptions('bash');
