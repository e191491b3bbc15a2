import { checkInterruptions } from '../campaign/check-interruptions.js';

checkInterruptions('appliancesh');
